/* User-mode Linux 6.1 knows the CPU's extended state up to AVX-512. Where the CPU has more (AMX), the host's ptrace refuses a set that
   is shorter than its own. This passes the whole state: the part that UML knows, and behind it what the process has already. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

long ptrace(enum __ptrace_request request, ...) {
    static long (*real)(int, pid_t, void *, void *);
    static char whole[65536];
    va_list list;
    va_start(list, request);
    pid_t pid = va_arg(list, pid_t);
    void *addr = va_arg(list, void *);
    void *data = va_arg(list, void *);
    va_end(list);
    if (!real) real = dlsym(RTLD_NEXT, "ptrace");
    if (request == PTRACE_SETREGSET && (long)addr == NT_X86_XSTATE) {
        struct iovec *given = data, all = {whole, sizeof whole};
        if (real(PTRACE_GETREGSET, pid, addr, &all) == 0 && all.iov_len > given->iov_len) {
            memcpy(whole, given->iov_base, given->iov_len);
            return real(request, pid, addr, &all);
        }
    }
    return real(request, pid, addr, data);
}
