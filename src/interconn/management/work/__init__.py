"""Projects, flows and jobs: what is proposed, approved and admitted (MGT-5, MGT-7, MGT-8)."""
