module github.com/sockeye-dev/sockeye

go 1.26
