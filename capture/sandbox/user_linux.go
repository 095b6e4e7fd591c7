package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// identity is who a process can be.
type identity struct {
	name     string
	uid, gid int
}

// nobody is the overflow user: Linux maps who has no number of their own to it.
const nobody = 65534

// whoToBe returns the user to become in place of root.
func whoToBe(user string) (identity, error) {
	if user == "" {
		return ownerOfWorkingDirectory(), nil
	}
	name, group, hasGroup := strings.Cut(user, ":")
	id, err := lookupUser(name)
	if err != nil {
		return id, err
	}
	if hasGroup {
		if id.gid, err = lookupGroup(group); err != nil {
			return id, err
		}
	}
	if id.uid == 0 {
		return id, fmt.Errorf("user %q is root, which gives nothing up", user)
	}
	return id, nil
}

func ownerOfWorkingDirectory() identity {
	var st unix.Stat_t
	if err := unix.Stat(".", &st); err == nil && st.Uid != 0 {
		id := identity{uid: int(st.Uid), gid: int(st.Gid)}
		if known, err := lookupUser(strconv.Itoa(id.uid)); err == nil {
			id = known // their own group, not the folder's, which may be root's
		}
		return id
	}
	if id, err := lookupUser("nobody"); err == nil && id.uid != 0 {
		return id
	}
	return identity{name: "nobody", uid: nobody, gid: nobody}
}

// lookupUser reads /etc/passwd (passwd(5)). A number that is not in it is its own group.
func lookupUser(user string) (identity, error) {
	fields, err := findEntry("/etc/passwd", user, 4)
	if err == nil {
		uid, errUID := parseID(fields[2])
		gid, errGID := parseID(fields[3])
		if err = errors.Join(errUID, errGID); err == nil {
			return identity{name: fields[0], uid: uid, gid: gid}, nil
		}
	}
	if n, numErr := parseID(user); numErr == nil {
		return identity{uid: n, gid: n}, nil
	}
	return identity{}, fmt.Errorf("user %q: %w", user, err)
}

func lookupGroup(group string) (int, error) {
	if n, err := parseID(group); err == nil {
		return n, nil
	}
	fields, err := findEntry("/etc/group", group, 3)
	if err != nil {
		return 0, fmt.Errorf("group %q: %w", group, err)
	}
	return parseID(fields[2])
}

// parseID refuses -1, which setresuid takes for "no change".
func parseID(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a user's or group's number", s)
	}
	return int(n), nil
}

// findEntry returns the fields of the entry with that name or number, n at least.
func findEntry(path, key string, n int) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 16<<20))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) >= n && (fields[0] == key || fields[2] == key) {
			return fields, nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("not in %s", path)
}

func (id identity) String() string {
	if id.name == "" {
		return fmt.Sprintf("%d:%d", id.uid, id.gid)
	}
	return fmt.Sprintf("%s (%d:%d)", id.name, id.uid, id.gid)
}
