# Signals that are the port's normal work: faults of translated code in the guest range, pokes
# (SIGRTMIN+1) and ends of threads (SIGRTMIN+2). To stop at a fault of the program itself, break at
# not_ours in upcall.c, which faults outside the guest range reach.
handle SIGSEGV nostop noprint pass
handle SIGBUS nostop noprint pass
handle SIGFPE nostop noprint pass
handle SIGILL nostop noprint pass
handle SIG35 nostop noprint pass
handle SIG36 nostop noprint pass
break not_ours
