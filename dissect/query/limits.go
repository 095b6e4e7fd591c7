package query

// The bounds of a filter and of what it looks at.
const (
	// MaxExpr is the longest filter in bytes.
	MaxExpr = 16 << 10
	// MaxDepth is how deep parentheses and nots may be nested.
	MaxDepth = 100
	// MaxPattern is the longest pattern of matches, in bytes.
	MaxPattern = 1024
	// MaxProgram is how many states a pattern may have once its repetitions are
	// written out. RE2 takes at most this many steps a byte.
	MaxProgram = 2000
	// MaxMatchInput is how many bytes of a value matches looks at: its first MiB.
	MaxMatchInput = 1 << 20
	// MaxPath is how many keys and indexes a json path may have.
	MaxPath = 32
	// maxScratch is the largest buffer for JSON strings with escapes that is kept
	// from one event to the next.
	maxScratch = 64 << 10
)
