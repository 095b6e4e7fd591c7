//go:build !unix

package main

// rootsOwn tells whether nobody but root can make files in dir: there is no root.
func rootsOwn(string) bool { return false }

// folderOwner is the user to whom files in dir should belong: not known.
func folderOwner(string) string { return "" }
