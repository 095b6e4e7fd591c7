package sandbox

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Apply gives up the rights of all threads. Call it when the capture is open, and
// before the output is: files made afterwards belong to the new user.
//
// An error means that a process started as root still has root's rights, or that
// Options name a user or a folder that is not there: the caller must not go on to
// read packets. What the kernel lacks is no error, and stands in the Report.
func Apply(o Options) (Report, error) {
	r := Report{UID: os.Getuid(), GID: os.Getgid()}
	// Everything that reads files comes first.
	var id identity
	root := os.Geteuid() == 0
	if root {
		var err error
		if id, err = whoToBe(o.User); err != nil {
			return r, err
		}
	}
	rules, err := openRules(o)
	if err != nil {
		return r, err
	}
	defer rules.close()
	_ = time.Now().Local().String() // reads the time zone, which Go otherwise does at first use

	if root {
		for _, dir := range o.Own {
			if err := os.Lchown(dir, id.uid, id.gid); err != nil {
				return r, fmt.Errorf("giving the user a folder: %w", err)
			}
		}
		dropBounding()
		if err := become(id); err != nil {
			return r, err
		}
		r.UID, r.GID = id.uid, id.gid
		r.applied("user %s", id)
	}
	if err := dropCapabilities(&r); err != nil {
		return r, err
	}
	noNewPrivs(&r)
	rules.restrict(&r)
	filterCalls(&r)
	return r, verify()
}

// become changes user and groups on all threads, with or without cgo.
func become(id identity) error {
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("giving up root's groups: %w", err)
	}
	if err := syscall.Setresgid(id.gid, id.gid, id.gid); err != nil {
		return fmt.Errorf("becoming group %d: %w", id.gid, err)
	}
	if err := syscall.Setresuid(id.uid, id.uid, id.uid); err != nil {
		return fmt.Errorf("becoming user %s: %w", id, err)
	}
	return nil
}

// dropBounding empties the bounding set, as far as it can. What stays in it is of
// no use under no_new_privs.
func dropBounding() {
	for c := uintptr(0); c <= 63; c++ {
		if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0); errno != 0 {
			return // EINVAL: no more capabilities; ENOTSUP: cgo
		}
	}
}

// dropCapabilities empties all sets of all threads. With cgo only those of the
// threads of a former root are empty, because they changed their user.
func dropCapabilities(r *Report) error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0)
	if errno == unix.ENOTSUP {
		return capabilitiesWithCgo(r)
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, errno = syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none[0])), 0)
	if errno != 0 {
		return fmt.Errorf("giving up capabilities: %w", errno)
	}
	r.applied("no capabilities")
	return nil
}

const withCgo = "built with cgo"

func capabilitiesWithCgo(r *Report) error {
	if empty, err := capabilitiesEmpty(); err != nil {
		return err
	} else if empty {
		r.applied("no capabilities")
	} else {
		r.missing("capabilities", withCgo)
	}
	return nil
}

func capabilitiesEmpty() (bool, error) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&head, &have[0]); err != nil {
		return false, fmt.Errorf("reading capabilities: %w", err)
	}
	return have == [2]unix.CapUserData{}, nil
}

// noNewPrivs makes set-user-ID programs and file capabilities without effect.
// With cgo, seccomp hands it on to the other threads later.
func noNewPrivs(r *Report) {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno == unix.ENOTSUP {
		// The calling thread is the one that applies seccomp, if it stays the same.
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			r.missing("no_new_privs", err.Error())
		}
		return
	}
	if errno != 0 {
		r.missing("no_new_privs", "Linux 3.5")
		return
	}
	r.applied("no_new_privs")
}

// verify makes sure that nobody can become root again.
func verify() error {
	if uid, euid, suid := unix.Getresuid(); uid != 0 && (euid == 0 || suid == 0) {
		return errors.New("root's rights could not be given up")
	}
	if os.Getuid() != 0 {
		return nil
	}
	return errors.New("still running as root")
}
