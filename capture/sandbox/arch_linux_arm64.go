package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// archCalls are calls whose names differ between machines.
var archCalls = []uint32{unix.SYS_FSTATAT}
