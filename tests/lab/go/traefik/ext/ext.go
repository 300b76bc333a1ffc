// Package ext is what Traefik's module of this path holds, which is not published: types without fields, for builds without
// extensions of configuration.
package ext

type HTTP struct{}

type Router struct{}
