//go:build amd64 || arm64

package sandbox

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (seccomp(2)); of 64-bit arguments the low half
// on the little-endian machines of auditArch.
const (
	dataNr   = 0
	dataArch = 4
	dataArg0 = 16
	dataArg2 = 32
)

const (
	ldWord = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpEq = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpGe = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	jumpOn = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	ret    = unix.BPF_RET | unix.BPF_K

	allow   = unix.SECCOMP_RET_ALLOW
	refuse  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	kill    = unix.SECCOMP_RET_KILL_PROCESS
)

// calls are the system calls of a Go program that reads sockets it has, reads and
// writes files, and shows things on a terminal. There is no way in it to a new
// socket, another program, another process or executable memory.
var calls = []uint32{
	// memory (mmap and mprotect are in the program)
	unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
	// threads, signals, clocks (clone and kill are in the program)
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN,
	unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL, unix.SYS_GETPID, unix.SYS_GETPPID, unix.SYS_GETTID, unix.SYS_NANOSLEEP,
	unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY, unix.SYS_SETITIMER,
	unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE,
	unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_GETRESUID, unix.SYS_GETRESGID,
	unix.SYS_CAPGET, unix.SYS_GETRUSAGE, unix.SYS_SYSINFO, unix.SYS_UNAME, unix.SYS_GETRANDOM,
	// descriptors
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_PWRITE64, unix.SYS_PREADV, unix.SYS_PWRITEV,
	unix.SYS_LSEEK, unix.SYS_CLOSE, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_FCNTL, unix.SYS_PIPE2, unix.SYS_EVENTFD2,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_PPOLL, unix.SYS_PSELECT6,
	unix.SYS_SENDFILE, unix.SYS_SPLICE, unix.SYS_COPY_FILE_RANGE,
	// files, where Landlock allows them
	unix.SYS_OPENAT, unix.SYS_FSTAT, unix.SYS_STATX, unix.SYS_FSTATFS, unix.SYS_STATFS, unix.SYS_FACCESSAT, unix.SYS_READLINKAT,
	unix.SYS_GETDENTS64, unix.SYS_GETCWD, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE, unix.SYS_FADVISE64, unix.SYS_FSYNC, unix.SYS_FDATASYNC,
	unix.SYS_UNLINKAT, unix.SYS_RENAMEAT2, unix.SYS_RENAMEAT, unix.SYS_MKDIRAT, unix.SYS_FCHMOD, unix.SYS_FLOCK, unix.SYS_UTIMENSAT,
	// the sockets of the capture (ioctl is in the program)
	unix.SYS_BIND, unix.SYS_SETSOCKOPT, unix.SYS_GETSOCKOPT,
}

// filterCalls puts the allow list on all threads.
func filterCalls(r *Report) {
	// With cgo no_new_privs is on the calling thread only, which must be this one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		r.missing("seccomp", "it needs no_new_privs")
		return
	}
	prog := callFilter(uint32(os.Getpid()))
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	switch errno {
	case 0:
		r.applied("seccomp")
	case unix.ENOSYS, unix.EINVAL:
		r.missing("seccomp", "this kernel has no filters: Linux 3.17, CONFIG_SECCOMP_FILTER")
	default:
		r.missing("seccomp", errno.Error())
	}
}

// callFilter returns the program that decides on each system call.
func callFilter(pid uint32) []unix.SockFilter {
	op := func(code uint16, k uint32, jt, jf uint8) unix.SockFilter {
		return unix.SockFilter{Code: code, K: k, Jt: jt, Jf: jf}
	}
	p := []unix.SockFilter{
		op(ldWord, dataArch, 0, 0),
		op(jumpEq, auditArch, 1, 0),
		op(ret, kill, 0, 0), // another machine's numbers mean other calls
		op(ldWord, dataNr, 0, 0),
		op(jumpGe, 0x40000000, 0, 1), // x32 on amd64
		op(ret, unknown, 0, 0),
		// glibc and Go fall back from clone3, whose flags a filter cannot see, to clone.
		op(jumpEq, unix.SYS_CLONE3, 0, 1),
		op(ret, unknown, 0, 0),
	}
	// when decides on a call by the low half of an argument.
	when := func(nr, arg uint32, code uint16, k, yes, no uint32) {
		p = append(p,
			op(jumpEq, nr, 0, 4),
			op(ldWord, arg, 0, 0),
			op(code, k, 0, 1),
			op(ret, yes, 0, 0),
			op(ret, no, 0, 0))
	}
	when(unix.SYS_CLONE, dataArg0, jumpOn, unix.CLONE_THREAD, allow, refuse)
	when(unix.SYS_MMAP, dataArg2, jumpOn, unix.PROT_EXEC, refuse, allow)
	when(unix.SYS_MPROTECT, dataArg2, jumpOn, unix.PROT_EXEC, refuse, allow)
	when(unix.SYS_TGKILL, dataArg0, jumpEq, pid, allow, refuse)
	when(unix.SYS_KILL, dataArg0, jumpEq, pid, allow, refuse)
	// ioctl: all but pushing characters into the terminal's input.
	p = append(p,
		op(jumpEq, unix.SYS_IOCTL, 0, 5),
		op(ldWord, dataArg0+8, 0, 0),
		op(jumpEq, unix.TIOCSTI, 1, 0),
		op(jumpEq, tioclinux, 0, 1),
		op(ret, refuse, 0, 0),
		op(ret, allow, 0, 0))
	for _, list := range [][]uint32{calls, archCalls} {
		for _, nr := range list {
			p = append(p, op(jumpEq, nr, 0, 1), op(ret, allow, 0, 0))
		}
	}
	return append(p, op(ret, refuse, 0, 0))
}

const tioclinux = 0x541c
