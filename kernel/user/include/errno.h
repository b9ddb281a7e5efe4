/* errno of the calling thread, and the values the library uses (numbers as Linux has them, so that
 * a device model can pass them to a guest). */
#pragma once

int *errno_location(void);
#define errno (*errno_location())

#define EPERM        1
#define ENOENT       2
#define EINTR        4
#define EIO          5
#define E2BIG        7
#define EBADF        9
#define EAGAIN       11
#define ENOMEM       12
#define EACCES       13
#define EFAULT       14
#define EBUSY        16
#define EEXIST       17
#define ENODEV       19
#define ENOTDIR      20
#define EISDIR       21
#define EINVAL       22
#define ENOSPC       28
#define EROFS        30
#define EPIPE        32
#define EDOM         33
#define ERANGE       34
#define ENAMETOOLONG 36
#define ENOSYS       38
#define ENOTSUP      95
#define EOVERFLOW    75
#define ETIMEDOUT    110
