"""Meta Ads through the facebook-business SDK."""
