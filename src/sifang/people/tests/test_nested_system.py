"""An officer's act inside a migration stays the migration's: role owner sees what it must."""

import pytest

from sifang.kernel.errors import NotFound
from sifang.people.access import Purpose, acting, system
from sifang.people.models import Person


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_an_act_in_an_officers_name_inside_a_migration(city):
    rows = Person.objects.using("owner")
    with system("migration", using="owner"):
        with acting(city["王科"], Purpose.MEASURE, using="owner"):
            assert rows.count() == 4
        with pytest.raises(NotFound), acting(city["吴离"], Purpose.MEASURE, using="owner"):
            pytest.fail("吴离 acted")
        assert rows.count() == 4
    with acting(city["王科"], Purpose.MEASURE, using="owner"):
        assert rows.count() == 0  # without the system purpose the owner sees nothing in anybody's name
