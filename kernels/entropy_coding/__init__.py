"""Context-modelled range asymmetric numeral coding (rANS, Duda 2013) of quantised codes, without loss."""

from evosplit.kernels.entropy_coding.payload import decode_codes, encode_codes

__all__ = ["decode_codes", "encode_codes"]
