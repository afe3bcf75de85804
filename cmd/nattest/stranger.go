package main

const strangerCommand = "stranger"

func stranger([]string) int { return 0 }
