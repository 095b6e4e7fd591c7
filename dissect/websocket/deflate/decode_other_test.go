//go:build !amd64 || purego

package deflate

// eachMachine runs f: there are no instructions to do without.
func eachMachine(f func()) { f() }
