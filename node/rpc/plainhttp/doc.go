// Package plainhttp serves HTTP/1.1 on a listener, and the plainest requests by
// itself, for much less than they cost net/http: POST, with headers that clients
// of JSON-RPC send, and a short body whose length they tell.
//
// All other connections it hands to net/http with what they have sent, from the
// first request on that is not plain. Being in doubt counts as not plain, so
// there is no second opinion here on what bytes mean: of each request that is
// answered here net/http would have read the same method, path, headers and body
// (FuzzSameAsNetHTTP). Why: docs/adr/0031-plain-http.md.
package plainhttp
