"""Security: tokens with scopes, certificates, signed bundles, the audit log."""
