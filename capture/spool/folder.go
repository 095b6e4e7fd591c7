package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// prefix begins the names of everything that spools make in their common folder.
const prefix = "spool-"

// DefaultDir is the common folder of all spools of this user: sockeye in the
// cache folder ($XDG_CACHE_HOME), or in the one for temporary files where the
// system names none.
func DefaultDir() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "sockeye")
}

// enter makes the common folder, and removes what processes left in it that
// ended without doing so: what nobody holds a lock on. Errors of removing are
// ignored: the next start tries again.
func enter(dir string) (string, *os.Root, error) {
	if dir == "" {
		dir = DefaultDir()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return dir, nil, err
	}
	common, err := os.OpenRoot(dir)
	if err != nil {
		return dir, nil, err
	}
	list, err := fs.ReadDir(common.FS(), ".")
	if err != nil {
		common.Close()
		return dir, nil, err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), prefix) && (e.IsDir() || e.Type().IsRegular()) {
			removeDead(common, e.Name())
		}
	}
	return dir, common, nil
}

// removeDead removes a spool that no process holds.
func removeDead(common *os.Root, name string) {
	f, err := common.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if lock(f) == nil {
		common.RemoveAll(name)
	}
}

// CreateTemp makes a file of mode 0600 in the common folder dir ("" is
// DefaultDir), for who copies an input to disk. If this process ends without
// removing it, the next that makes a spool does.
func CreateTemp(dir string) (*os.File, error) {
	dir, common, err := enter(dir)
	if err != nil {
		return nil, err
	}
	defer common.Close()
	f, err := os.CreateTemp(dir, prefix+"*")
	if err != nil {
		return nil, err
	}
	_ = lock(f) // where there are no locks, nothing is taken for dead either
	return f, nil
}

// folder is where the files of one ring are. It is reached by its descriptor, so
// that it is still of use for a user who may not enter the folders above it.
type folder struct {
	path string
	held *os.File // locked
	root *os.Root
}

// makeFolder makes a folder of mode 0700 in the common folder.
func makeFolder(dir string) (*folder, error) {
	dir, common, err := enter(dir)
	if err != nil {
		return nil, err
	}
	defer common.Close()
	for range 10 {
		path, err := os.MkdirTemp(dir, prefix+"*")
		if err != nil {
			return nil, err
		}
		f := &folder{path: path}
		if f.held, err = os.Open(path); err == nil {
			_ = lock(f.held)
			f.root, err = os.OpenRoot(path)
		}
		if err == nil && f.still() {
			return f, nil
		}
		f.close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// Another process took it for dead before it was locked: again.
	}
	return nil, fmt.Errorf("%s: other processes remove what is made there", dir)
}

// still tells whether the folder is where it was made.
func (f *folder) still() bool {
	mine, err := f.held.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.path)
	return err == nil && os.SameFile(mine, there)
}

// close gives the folder up, and removes it. Who has become another user may
// lack the right to: then it stays, empty, until the next start.
func (f *folder) close() {
	if f.root != nil {
		f.root.Close()
	}
	if f.held != nil {
		f.held.Close()
	}
	os.Remove(f.path) // last: some systems keep what is open
}
