"""The demonstration city: invented persons, real procedures. `seed` needs Django set up."""

from sifang.ops.demo.seeding import seed

__all__ = ["seed"]
