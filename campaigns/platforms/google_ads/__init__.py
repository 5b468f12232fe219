"""Google Ads through the google-ads SDK."""
