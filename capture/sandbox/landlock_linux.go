package sandbox

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	accessRead = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// accessTerminal is what a terminal program does with its terminal.
	accessTerminal = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// accessWrite is what rotating output files in a folder needs: no devices,
	// sockets or links, and no moving into another folder.
	accessWrite = accessRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR
	// accessFile are the rights that mean something for a file that is not a folder.
	accessFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// terminalFiles describe terminals (terminfo(5)); the program's home may too.
var terminalFiles = []string{"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"}

// rule allows access to what is under an open path.
type rule struct {
	fd     int
	access uint64
}

// rules are what Landlock is to allow, opened while there are rights to open it.
type rules []rule

func openRules(o Options) (_ rules, err error) {
	var rs rules
	defer func() {
		if err != nil {
			rs.close()
		}
	}()
	for _, dir := range o.Write {
		if err = rs.open(dir, accessWrite); err != nil {
			return nil, fmt.Errorf("output folder: %w", err)
		}
	}
	read := o.Read
	if o.Terminal {
		read = append(read[:len(read):len(read)], terminalFiles...)
		if err = rs.open("/dev/tty", accessTerminal); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	for _, path := range read {
		if err = rs.open(path, accessRead); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return rs, nil
}

func (rs *rules) open(path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= accessFile
	}
	*rs = append(*rs, rule{fd, access})
	return nil
}

func (rs rules) close() {
	for _, r := range rs {
		unix.Close(r.fd)
	}
}

// handled returns the rights that a version of Landlock can refuse
// (https://docs.kernel.org/userspace-api/landlock.html), and the size of the
// attributes that it knows.
func handled(abi int) (attr unix.LandlockRulesetAttr, size uintptr) {
	attr.Handled_access_fs = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
	size = unsafe.Offsetof(attr.Handled_access_net)
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attr.Scoped)
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	return attr, size
}

// restrict applies the rules to all threads.
func (rs rules) restrict(r *Report) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
	case unix.EOPNOTSUPP:
		r.missing("Landlock", "switched off in this kernel: lsm=landlock")
		return
	default:
		r.missing("Landlock", "this kernel has none: Linux 5.13")
		return
	}
	abi := int(version)
	attr, size := handled(abi)
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		r.missing("Landlock", errno.Error())
		return
	}
	defer unix.Close(int(set))
	for _, one := range rs {
		beneath := unix.LandlockPathBeneathAttr{Allowed_access: one.access & attr.Handled_access_fs, Parent_fd: int32(one.fd)}
		_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
		if errno != 0 {
			r.missing("Landlock", errno.Error())
			return
		}
	}
	switch _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno {
	case 0:
		r.applied("Landlock %d", abi)
	case unix.ENOTSUP:
		r.missing("Landlock", withCgo)
	default:
		r.missing("Landlock", errno.Error())
	}
}
