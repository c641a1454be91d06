"""The version of what is done to a photograph; an encoder is only good for the one it learnt."""

PREPROCESSING_VERSION = "fundus-1"
