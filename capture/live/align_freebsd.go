package live

import "unsafe"

// bpfAlign is BPF_ALIGNMENT of net/bpf.h, the size of a long: packets are padded to it.
const bpfAlign = int(unsafe.Sizeof(uintptr(0)))
