"""The hooks' life in an agent: what they learn, when they are trained, and who watches them."""
