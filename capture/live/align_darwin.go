package live

// bpfAlign is BPF_ALIGNMENT of net/bpf.h: packets are padded to it.
const bpfAlign = 4
