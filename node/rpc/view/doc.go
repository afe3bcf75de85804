// Package view shows the ledger's values as Bitcoin Core does in JSON: headers,
// blocks, transactions, scripts, amounts, addresses. RPC and REST share it.
//
// It looks nothing up: whoever shows a block brings the coins it spent and how
// deep it lies.
package view
