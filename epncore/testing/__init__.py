"""What tests of collections and grammars share, here and in packages of third parties."""
