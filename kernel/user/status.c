/* Texts of the kernel's statuses, by number. */
#include <tetrapla/task.h>

static const char *const names[STATUS_COUNT] = {
    [OK] = "ok",
    [BAD_CALL] = "bad call",
    [BAD_HANDLE] = "bad handle",
    [BAD_TYPE] = "bad type",
    [BAD_RIGHT] = "missing right",
    [BAD_ARG] = "bad argument",
    [BAD_ADDRESS] = "bad address",
    [OCCUPIED] = "occupied",
    [QUOTA] = "quota exhausted",
    [PEER_DIED] = "peer died",
    [GONE] = "caller gone",
    [EMPTY] = "reply empty",
    [WOULD_BLOCK] = "would block",
    [POKED] = "poked",
    [BUSY] = "busy",
    [STOPPED] = "stopped",
    [LIMIT] = "limit reached",
};

const char *status_name(int status)
{
    if (status < 0 || status >= STATUS_COUNT || !names[status])
        return "unknown status";
    return names[status];
}
