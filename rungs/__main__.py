import sys

from rungs.cli import main

sys.exit(main())
