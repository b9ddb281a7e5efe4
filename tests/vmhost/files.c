/*
 * Reading files: those of the tests' folders that the build links in, by their paths in the tree.
 * A FILE of this file and one of the user library (stdout) never meet: nothing is read from the
 * latter, nothing is written to the former.
 */
#include "vmhost.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct open_file {
    const uint8_t *at, *end;
};

FILE *fopen(const char *path, const char *mode)
{
    const struct linked_file *l = linked_files;
    while (l->path && strcmp(l->path, path) != 0)
        l++;
    struct open_file *f = l->path && mode[0] == 'r' ? malloc(sizeof *f) : NULL;
    if (f)
        *f = (struct open_file){l->bytes, l->end};
    return (FILE *)(void *)f;
}

int fclose(FILE *f)
{
    free(f);
    return 0;
}

size_t fread(void *to, size_t size, size_t count, FILE *file)
{
    struct open_file *f = (void *)file;
    size_t left = (size_t)(f->end - f->at) / size, n = count < left ? count : left;
    memcpy(to, f->at, n * size);
    f->at += n * size;
    return n;
}

char *fgets(char *to, int size, FILE *file)
{
    struct open_file *f = (void *)file;
    int n = 0;
    while (n < size - 1 && f->at < f->end) {
        to[n++] = (char)*f->at++;
        if (to[n - 1] == '\n')
            break;
    }
    to[n] = 0;
    return n ? to : NULL;
}

int setvbuf(FILE *f, char *buffer, int mode, size_t size)
{
    (void)f, (void)buffer, (void)mode, (void)size;
    return 0;
}

/* ---- folders ---- */
struct folder {
    const char *path;
    const struct linked_file *next;
    struct dirent entry;
};

static const char *name_in(const char *folder, const char *path)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/')
               ? path + n + 1
               : NULL;
}

DIR *opendir(const char *path)
{
    static struct folder only;
    for (const struct linked_file *l = linked_files; l->path; l++)
        if (name_in(path, l->path)) {
            only = (struct folder){.path = path, .next = l};
            return &only;
        }
    return NULL;
}

struct dirent *readdir(DIR *d)
{
    for (; d->next->path; d->next++) {
        const char *name = name_in(d->path, d->next->path);
        if (!name)
            continue;
        strlcpy(d->entry.d_name, name, sizeof d->entry.d_name);
        d->next++;
        return &d->entry;
    }
    return NULL;
}

int closedir(DIR *d)
{
    (void)d;
    return 0;
}
