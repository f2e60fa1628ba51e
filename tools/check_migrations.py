"""Checks that each model change has its migration; needs no database."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sifang.ops.django_settings")

import django
from django.core.management import call_command

django.setup()
try:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)
except SystemExit:
    sys.exit("a model changed without a migration: run `python -m django makemigrations`")
