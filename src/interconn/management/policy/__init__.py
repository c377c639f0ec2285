"""What a node decides by declaration: the policy file in force, and which of its rules meets an application."""
