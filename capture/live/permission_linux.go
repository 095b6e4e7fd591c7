package live

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// MayCapture returns nil if this process may capture, otherwise the *Error that
// Open would return. It opens a packet socket and closes it again.
func MayCapture() error {
	fd, err := packetSocket()
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// packetSocket makes a packet socket that receives nothing yet. Cooked captures
// have a raw one too: with SOCK_DGRAM the kernel does not say that a frame has
// two tags (since Linux 6.10 it skips over them in sll_protocol, but not in the
// packet).
func packetSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return -1, &Error{Kind: Permission, Text: "this user may not capture", Remedy: remedy(), Err: err}
	case errors.Is(err, unix.EAFNOSUPPORT):
		return -1, &Error{Kind: Unsupported, Text: "this kernel has no packet sockets (CONFIG_PACKET)", Err: err}
	}
	return -1, &Error{Kind: Failed, Text: "opening a packet socket", Err: err}
}

// remedy is what helps this process against EPERM: CAP_NET_RAW, however it can
// be had here.
func remedy() string {
	exe, err := os.Executable()
	if err != nil {
		exe = "$(command -v sockeye)"
	} else {
		exe = shellQuote(exe)
	}
	if os.Geteuid() == 0 {
		return "this root lacks CAP_NET_RAW, as in a container: start it with --cap-add=NET_RAW (docker, podman), or add NET_RAW to securityContext.capabilities (Kubernetes)"
	}
	if nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && nnp == 1 {
		return "no_new_privs is set, so neither setcap nor sudo has an effect: start it from outside this sandbox"
	}
	var fs unix.Statfs_t
	if path, err := os.Executable(); err == nil && unix.Statfs(path, &fs) == nil && fs.Flags&unix.ST_NOSUID != 0 {
		return fmt.Sprintf("sudo %s … (its file system is mounted nosuid, so setcap has no effect)", exe)
	}
	return fmt.Sprintf("sudo setcap cap_net_raw+ep %s, or run it with sudo", exe)
}

// shellQuote quotes a path for a shell, if it needs that.
func shellQuote(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/._-+@:,", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
