package http1

// Limits of the grammar that are not worth a setting: beyond them nothing real is lost.
const (
	// DefaultHeadBytes is the largest head that is read, unless Limits says otherwise.
	DefaultHeadBytes = 256 << 10
	// MaxStartLine is the longest start line that recognition looks at.
	MaxStartLine = 64 << 10
	// MaxMethod is the longest method; the longest registered one has 17 characters.
	MaxMethod = 64
	// MaxEmptyLines is how many empty lines recognition skips before a start line.
	MaxEmptyLines = 8
	// MaxProblems is how many problems a head, or a body, keeps.
	MaxProblems = 32
	// MaxProblemText is how much of a line a problem keeps, in bytes.
	MaxProblemText = 256
	// MaxChunkLine is the longest chunk-size line with its extensions.
	MaxChunkLine = 16 << 10
)

// Limits bounds what is held in memory. The zero value means the defaults.
type Limits struct {
	// HeadBytes is the largest head in bytes, line ends included; 0 means DefaultHeadBytes.
	HeadBytes int
}

func (l Limits) headBytes() int {
	if l.HeadBytes <= 0 {
		return DefaultHeadBytes
	}
	return l.HeadBytes
}
