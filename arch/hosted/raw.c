/*
 * Raw mode of the controlling terminal: every key goes to the guest, nothing is echoed. Output is
 * still processed by the host (a line feed returns the carriage), so that messages look right.
 *
 * The old mode comes back at exit, when a signal ends the program, and before it dies of a fault
 * (hosted_before_death). After a stop and continuation by the shell, raw mode is set again.
 */
#include "devices.h"
#include "hosted.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before, raw;
static volatile sig_atomic_t active;
static int terminal;

/* Async-signal-safe. */
void raw_mode_end(void)
{
    if (!active)
        return;
    active = 0;
    tcsetattr(terminal, TCSANOW, &before);
}

static void die(int signal_number)
{
    raw_mode_end();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void continued(int signal_number)
{
    (void)signal_number;
    if (active)
        tcsetattr(terminal, TCSANOW, &raw);
}

static void on(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct sigaction old;
    sigfillset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        sigaction(signal_number, &action, NULL);
}

bool raw_mode_start(int fd)
{
    static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGXCPU, SIGALRM};
    if (active || tcgetattr(fd, &before) != 0)
        return false;
    raw = before;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal = fd;
    active = 1;
    if (tcsetattr(fd, TCSANOW, &raw) != 0) {
        active = 0;
        return false;
    }
    for (unsigned i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        on(deadly[i], die);
    on(SIGCONT, continued);
    hosted_before_death = raw_mode_end;
    atexit(raw_mode_end);
    return true;
}
