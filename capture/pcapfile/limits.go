package pcapfile

// What a file may make the reader hold in memory. Nothing is ever allocated by
// a length that the file declares: buffers double while bytes really arrive.
const (
	// DefaultBlock is the size of one read, and of a reader's buffer: what is read
	// is still in the processor's own cache when it is looked at, and what is known
	// of connections stays there. 1 MiB costs a fifth more.
	DefaultBlock = 256 << 10
	// smallestBlock is the buffer of each reader when very many files are merged.
	smallestBlock = 64 << 10
	// mergeBlocks bounds the buffers of all files of OpenAll together.
	mergeBlocks = 16 << 20
	// MinRecordLimit is the largest captured length that is believed although
	// the snap length is smaller (or 0, or wrong): tcpdump's largest snap length.
	MinRecordLimit = 256 << 10
	// MaxRecord is the largest captured length that is believed at all, when
	// the snap length is at least as large. A larger one is damage.
	MaxRecord = 64 << 20
	// maxBlock is the largest pcapng block that is read whole: a packet of
	// MaxRecord bytes with its options. Blocks that are skipped have no limit.
	maxBlock = MaxRecord + 1<<20
	// MaxInterfaces bounds the interfaces of all sections of a file.
	MaxInterfaces = 1 << 16
	// MaxSecrets bounds the bytes kept from decryption secrets blocks.
	MaxSecrets = 16 << 20
	// MaxSecretBlocks bounds their number.
	MaxSecretBlocks = 1 << 16
	// MaxComments bounds the number of comments kept.
	MaxComments = 10_000
	// MaxText bounds the bytes kept of comments, and of interface names,
	// descriptions and the like, each.
	MaxText = 4 << 20
	// maxWindow bounds the history of zstd and xz: what "zstd --long" and
	// "xz -9" need (128 MiB and 64 MiB).
	maxWindow = 128 << 20
	// compressedBlock is the size of one read of a compressed file.
	compressedBlock = 256 << 10
)

// recordLimit returns the largest captured length believed for a snap length.
func recordLimit(snaplen uint32) uint32 {
	return min(max(snaplen, MinRecordLimit), MaxRecord)
}
