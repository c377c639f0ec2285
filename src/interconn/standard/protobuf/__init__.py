"""Protobuf messages of the standard, generated from the `.proto` files beside this module.

Facts are those of the catalogue: package names, field numbers and types (TRN-5.1, TRN-5.2.2, ALG-2, ALG-3).
"""
