/* Messages as arrays of words: the first six in registers, the others in the IPC page (words.h). */
#include <string.h>
#include <tetrapla/words.h>

uint64_t message_get(const struct message *m, unsigned i)
{
    return i < MSG_REG_WORDS ? m->w[i] : i < MSG_MAX_WORDS ? ipc()->msg[i] : 0;
}

void message_set(struct message *m, unsigned i, uint64_t word)
{
    if (i < MSG_REG_WORDS)
        m->w[i] = word;
    else if (i < MSG_MAX_WORDS)
        ipc()->msg[i] = word;
}

unsigned message_put_bytes(struct message *m, unsigned first, const void *bytes, size_t n)
{
    unsigned i = first;
    for (size_t done = 0; done < n && i < MSG_MAX_WORDS; i++) {
        uint64_t word = 0;
        size_t part = n - done < sizeof(word) ? n - done : sizeof(word);
        memcpy(&word, (const char *)bytes + done, part);
        message_set(m, i, word);
        done += part;
    }
    return i;
}

size_t message_get_bytes(const struct message *m, unsigned first, void *bytes, size_t n)
{
    size_t done = 0;
    for (unsigned i = first; done < n && i < m->words; i++) {
        uint64_t word = message_get(m, i);
        size_t part = n - done < sizeof(word) ? n - done : sizeof(word);
        memcpy((char *)bytes + done, &word, part);
        done += part;
    }
    return done;
}

unsigned message_put_text(struct message *m, unsigned first, const char *text)
{
    if (first >= MSG_MAX_WORDS)
        return first;
    size_t room = (MSG_MAX_WORDS - first) * sizeof(uint64_t) - 1, n = strnlen(text, room);
    unsigned words = message_put_bytes(m, first, text, n);
    if (n % sizeof(uint64_t) == 0) /* no zero in the last word: it needs one of its own */
        message_set(m, words++, 0);
    return words;
}

size_t message_get_text(const struct message *m, unsigned first, char *text, size_t size)
{
    size_t n = message_get_bytes(m, first, text, size - 1);
    text[n] = 0;
    n = strlen(text);
    return n;
}
