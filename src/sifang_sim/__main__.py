from sifang_sim.main import main

raise SystemExit(main())
