/* Slots, statuses, messages as words. */
#include "library.h"
#include "pretend.h"

#include <string.h>
#include <tetrapla/task.h>
#include <tetrapla/words.h>

void slots_init(handle_t first); /* kernel/user/internal.h */

#define FIRST 20u
#define EACH  2000u

static handle_t taken[4][EACH];
static void take_slots(unsigned n)
{
    for (unsigned i = 0; i < EACH; i++)
        taken[n][i] = slot_alloc();
}

static void test_slots(void)
{
    static bool seen[HANDLE_MAX + 1];
    slots_init(FIRST);
    in_threads(4, take_slots);
    bool good = true;
    for (unsigned n = 0; n < 4; n++) {
        for (unsigned i = 0; i < EACH; i++) {
            handle_t s = taken[n][i];
            good = good && s >= FIRST && s <= HANDLE_MAX && !seen[s];
            seen[s] = true;
        }
    }
    result("slots.unique_across_threads", good, "the same slot twice, or out of range");

    unsigned count = 4 * EACH;
    handle_t s, last = 0;
    while ((s = slot_alloc()) != HANDLE_NONE && good) {
        good = s >= FIRST && s <= HANDLE_MAX && !seen[s];
        seen[s] = true;
        last = s;
        count++;
    }
    result("slots.all", good && count == HANDLE_MAX - FIRST + 1, "%u slots", count);
    slot_free(last);
    slot_free(last);
    slot_free(5); /* below the first: root's, not ours */
    slot_free(HANDLE_MAX + 100);
    result("slots.reuse", slot_alloc() == last && slot_alloc() == HANDLE_NONE, "wrong slot");
    for (handle_t i = FIRST; i <= HANDLE_MAX; i++)
        slot_free(i);
    s = slot_alloc();
    result("slots.free_again", s >= FIRST && s <= HANDLE_MAX, "slot %u", s);
    slot_free(s);
}

static void test_status(void)
{
    bool good = !strcmp(status_name(OK), "ok") && !strcmp(status_name(QUOTA), "quota exhausted");
    for (int i = 0; i < STATUS_COUNT; i++)
        good = good && strcmp(status_name(i), "unknown status");
    result("status.names", good, "a status without a name");
    result("status.unknown", status_name(-1) && status_name(STATUS_COUNT) && status_name(1 << 30),
           "NULL");
}

static void test_words(void)
{
    bool good = true;
    unsigned bad = 0;
    for (unsigned n = 0; n <= 600 && good; n++) {
        char text[601], back[601];
        for (unsigned i = 0; i < n; i++)
            text[i] = (char)('a' + i % 26);
        text[n] = 0;
        unsigned fits = n > 63 * 8 - 1 ? 63 * 8 - 1 : n;
        struct message m = {.w = {1}};
        memset(ipc()->msg, 0xff, sizeof(ipc()->msg));
        m.words = message_put_text(&m, 1, text);
        good = m.words <= MSG_MAX_WORDS && m.words == 1 + fits / 8 + 1 &&
               message_get_text(&m, 1, back, sizeof(back)) == fits && !strncmp(back, text, fits) &&
               m.w[0] == 1;
        good = good && message_get_text(&m, 1, back, 5) == (fits < 4 ? fits : 4);
        bad = n;
    }
    result("words.text", good, "length %u", bad);
    struct message m = {.words = 3, .w = {0, 1, 2}};
    char bytes[100];
    result("words.short_message", message_get_bytes(&m, 1, bytes, sizeof(bytes)) == 16,
           "read beyond the message");
    message_set(&m, MSG_MAX_WORDS, 1);
    result("words.bounds", message_get(&m, MSG_MAX_WORDS) == 0 && message_get(&m, 1000000) == 0,
           "not 0");
}

void table_tests(void)
{
    test_slots();
    test_status();
    test_words();
}
