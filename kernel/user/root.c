/*
 * Calls to the root task (root.h). Text and structures go in words 1 and up; ROOT_LOG_READ's text
 * starts at word 3, behind the position and the length.
 */
#include <string.h>
#include <tetrapla/root.h>
#include <tetrapla/task.h>
#include <tetrapla/words.h>

#define TEXT_WORD     1
#define LOG_TEXT_WORD 3
#define TEXT_MAX      ((MSG_MAX_WORDS - TEXT_WORD) * sizeof(uint64_t) - 1)

/* Send m and turn the two statuses, of the call and in the answer, into one. */
static int ask(struct message *m, unsigned words)
{
    int status = sys_call(TASK_ROOT, words, m);
    if (status != OK)
        return status;
    return m->words ? (int)m->w[0] : BAD_CALL;
}

static int ask_word(enum root_op op, uint64_t argument)
{
    struct message m = {.w = {op, argument}};
    return ask(&m, 2);
}

static int ask_text(enum root_op op, const char *text)
{
    struct message m = {.w = {op}};
    return ask(&m, message_put_text(&m, TEXT_WORD, text));
}

static int ask_for(struct message *m, void *result, size_t size)
{
    int status = ask(m, 2);
    memset(result, 0, size);
    if (status != OK)
        return status;
    return message_get_bytes(m, 1, result, size) == size ? OK : BAD_CALL;
}

int root_task_info(unsigned index, struct root_task_info *info)
{
    struct message m = {.w = {ROOT_TASK_INFO, index}};
    int status = ask_for(&m, info, sizeof(*info));
    info->name[sizeof(info->name) - 1] = 0;
    return status;
}

int root_memory(struct root_memory *memory)
{
    struct message m = {.w = {ROOT_MEMORY}};
    return ask_for(&m, memory, sizeof(*memory));
}

int root_kill(const char *name)
{
    return ask_text(ROOT_KILL, name);
}
int root_start(const char *name)
{
    return ask_text(ROOT_START, name);
}
int root_focus(unsigned pane)
{
    return ask_word(ROOT_FOCUS, pane);
}
int root_served(void)
{
    return ask_word(ROOT_SERVED, 0);
}
int root_shutdown(bool reboot)
{
    return ask_word(ROOT_SHUTDOWN, reboot);
}

int root_log_write(const char *text)
{
    char part[TEXT_MAX + 1];
    do {
        size_t n = strnlen(text, TEXT_MAX);
        memcpy(part, text, n);
        part[n] = 0;
        int status = ask_text(ROOT_LOG_WRITE, part);
        if (status != OK)
            return status;
        text += n;
    } while (*text);
    return OK;
}

int root_log_read(uint64_t *position, char *text, size_t size)
{
    if (!size)
        return BAD_ARG;
    text[0] = 0;
    struct message m = {.w = {ROOT_LOG_READ, *position, size - 1}};
    int status = ask(&m, 3);
    if (status != OK)
        return status;
    size_t n = m.words > 2 ? m.w[2] : 0;
    if (n > size - 1)
        n = size - 1;
    n = message_get_bytes(&m, LOG_TEXT_WORD, text, n);
    text[n] = 0;
    *position =
        m.words > 2 ? m.w[1] - (m.w[2] - n) : *position; /* what did not fit is read again */
    return OK;
}

_Noreturn void root_exit(int status)
{
    for (;;) {
        ask_word(ROOT_EXIT, (uint64_t)(int64_t)status);
        /* Root never answers; if the call itself fails there is still nothing else to do. */
        sys_thread(THREAD_STOP, 0, 0, 0, 0, 0, 0, 0);
    }
}
