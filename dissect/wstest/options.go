package wstest

import "time"

// Defaults of the options.
const (
	// DefaultLimit is how many bytes a recording keeps: 64 MiB.
	DefaultLimit = 64 << 20
	// DefaultTimeout is how long an assertion waits.
	DefaultTimeout = 5 * time.Second
	// DefaultQuiet is how long nothing must happen before open connections are judged.
	DefaultQuiet = 100 * time.Millisecond
)

// entryCharge is charged against the limit for each read, write and connection,
// besides their bytes.
const entryCharge = 64

type options struct {
	limit          int64
	timeout, quiet time.Duration
	strict         bool
	saveOnFailure  string
}

func newOptions(opts []Option) options {
	o := options{limit: DefaultLimit, timeout: DefaultTimeout, quiet: DefaultQuiet}
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Option is a setting of a recording.
type Option func(*options)

// Limit bounds the bytes of a recording, all connections together; each read
// and write counts 64 bytes more. What comes after the limit is passed on but not
// recorded, and every assertion then fails and says so. The default is
// DefaultLimit; n must be positive.
func Limit(n int64) Option { return func(o *options) { o.limit = n } }

// Timeout bounds how long an assertion waits for peers. The default is
// DefaultTimeout; a test's own deadline comes first.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// Quiet is how long nothing must happen before connections that are still open
// are judged by what was recorded so far. The default is DefaultQuiet.
func Quiet(d time.Duration) Option { return func(o *options) { o.quiet = d } }

// Strict makes AssertConformant fail on warnings too.
func Strict() Option { return func(o *options) { o.strict = true } }

// SaveOnFailure saves the recording to path, as Save does, when the test ends as a failed one.
func SaveOnFailure(path string) Option { return func(o *options) { o.saveOnFailure = path } }
