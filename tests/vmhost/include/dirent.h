/* Folders of the files that are linked in (files.c). */
#pragma once

struct dirent {
    char d_name[64];
};
typedef struct folder DIR;

/* One folder can be open at a time. */
DIR *opendir(const char *path);
struct dirent *readdir(DIR *d);
int closedir(DIR *d);
