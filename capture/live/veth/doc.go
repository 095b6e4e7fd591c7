// Package veth makes network namespaces that are joined by pairs of interfaces, for
// tests and measurements of live capture. It needs root, Linux and ip(8).
//
//	namespace ─ near ═ veth ═ far ─ namespace
package veth
