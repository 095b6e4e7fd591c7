package dissect

// budget bounds the payload that is kept of all unfinished messages together.
// A capture can leave a message unfinished on every connection, and make each
// of them long with a few packets: by holes, or by compression.
type budget struct{ left int64 }

// take returns how many of n bytes may be kept, and counts them as kept.
func (b *budget) take(n int) int {
	n = int(max(0, min(int64(n), b.left)))
	b.left -= int64(n)
	return n
}

// give says that n bytes are kept no more.
func (b *budget) give(n int) { b.left += int64(n) }
