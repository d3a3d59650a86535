"""`python -m tito`: the same as the `tito` command."""

from tito.main import main

raise SystemExit(main())
