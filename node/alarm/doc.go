// Package alarm watches for deep reorganisations of the chain and says what
// they undid. The node follows the most work whatever it undoes, as it must;
// but many blocks undone at once mean that the network was split or that
// somebody with most of its hash power rewrites history, and whoever trusts
// confirmations has to know.
//
// It only looks: it asks the chain where its tip went, reads blocks of both
// branches, and changes nothing.
package alarm
