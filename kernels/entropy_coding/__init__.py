"""Context-modelled range asymmetric numeral coding (rANS, Duda 2013) of quantised codes, without loss."""

from evosplit.kernels.entropy_coding.changes import decode_changes, encode_changes
from evosplit.kernels.entropy_coding.payload import decode_codes, encode_codes

__all__ = ["decode_changes", "decode_codes", "encode_changes", "encode_codes"]
