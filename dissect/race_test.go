//go:build race

package dissect_test

func init() { raced = true }
