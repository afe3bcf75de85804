module github.com/quernnet/quern/cmd/blackbox

go 1.26.6
