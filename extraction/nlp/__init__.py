"""Helpers of the language part: tokens and sentences, features, the tagging head, Viterbi decoding, training."""
